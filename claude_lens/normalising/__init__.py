"""What providers of other formats answer, put into the one order that LiteLLM translates rightly. Pure."""
