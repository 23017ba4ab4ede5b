from __future__ import annotations

from hashlib import sha256

from claude_lens.store.framing import FRAMING


def test_no_byte_of_it_ever_changes() -> None:
    # Databases hold streams that only this very text can unpack.
    assert sha256(FRAMING).hexdigest() == "eb07f2b0603ede3f0700bb4afdb1928757234e830b7984fa6e0ec164810c34ed"
