"""``python -m claude_lens`` is ``lensctl``."""

from claude_lens.cli import main

if __name__ == "__main__":
    main()
