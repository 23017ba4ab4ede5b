from __future__ import annotations

from hashlib import sha256

from claude_lens.store.skeleton import SKELETON


def test_no_byte_of_it_ever_changes() -> None:
    # Databases hold contents that only this very text can unpack.
    assert sha256(SKELETON).hexdigest() == "0dfd832ba9c2948e5f516f97bb3c719086273632a27de4649decb35161a7dc82"
