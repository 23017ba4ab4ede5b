"""What redaction takes out of ordinary code and text, where next to nothing is a secret.

Files of the given folders as a client would read them, each once; what is found is counted by kind.
"""

from __future__ import annotations

import argparse
import gzip
import hashlib
import sysconfig
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from benchmarks import page
from claude_lens.redact.finder import Finder

ORDINARY: Final = (
    Path(sysconfig.get_path("purelib")),
    Path(sysconfig.get_path("stdlib")),
    Path("/usr/lib/python3"),
    Path("/usr/share/doc"),
    Path("node_modules"),
)
_ENDINGS: Final = "py pyi js ts mjs cjs tsx json md txt rst html css yaml yml toml cfg ini c h sh xml gz"
ENDINGS: Final = frozenset(f".{name}" for name in _ENDINGS.split())
LARGEST: Final = 4 << 20
EXAMPLES: Final = "keys, tokens and passwords that examples of documentation print"


def texts(folder: Path, limit: int) -> Iterator[tuple[Path, str]]:
    """Texts below ``folder``, until they are ``limit`` characters; the same content only once."""
    seen: set[bytes] = set()
    size = 0
    for path in sorted(folder.rglob("*")):
        if path.suffix not in ENDINGS or path.is_symlink() or not path.is_file() or size > limit:
            continue
        data = path.read_bytes()[:LARGEST]
        if path.suffix == ".gz":
            try:
                data = gzip.decompress(path.read_bytes())[:LARGEST]
            except (OSError, EOFError):
                continue
        digest = hashlib.sha256(data).digest()
        if b"\0" in data[:4096] or digest in seen:
            continue
        seen.add(digest)
        size += len(data)
        yield path, data.decode("utf-8", "replace")


def main() -> None:
    """Count, and write the section of ``docs/benchmarks.md`` where asked to."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folders", nargs="*", type=Path, default=list(ORDINARY))
    parser.add_argument("--limit", type=int, default=60, help="megabytes of each folder")
    parser.add_argument("--show", action="store_true", help="every find with what is around it")
    parser.add_argument("--write", action="store_true")
    options = parser.parse_args()
    finder, kinds, size = Finder(), Counter[str](), 0
    start = time.process_time()
    for folder in options.folders:
        for path, text in texts(folder, options.limit << 20):
            size += len(text)
            for found in finder.places(text):
                kinds[found.kind] += 1
                if options.show:
                    print(f"{found.kind}\t{path}\t{text[max(0, found.start - 40) : found.stop + 20]!r}")
    took = time.process_time() - start
    total = sum(kinds.values())
    report = "\n".join(
        [
            "## Redaction of what is no secret",
            "",
            "`python -m benchmarks.redaction --write`: packages of Python and Node.js, the standard",
            f"library, manuals. Nearly all that is found are {EXAMPLES}.",
            "",
            f"{size / 1e6:.0f} MB: {total} finds, one in {size / 1e6 / max(total, 1):.1f} MB, "
            f"{took / (size / 1e6) * 1000:.0f} ms a megabyte. {page.machine()}",
            "",
            "| kind | finds |",
            "|---|---:|",
            *(f"| {kind} | {count} |" for kind, count in kinds.most_common()),
        ]
    )
    print(report)
    if options.write:
        page.write("redaction", report)


if __name__ == "__main__":
    main()
