"""What lensctl and the dashboard ask: sessions, exchanges, conversations, words."""
