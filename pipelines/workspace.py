"""Memory that is used again for the next image.

Fresh memory costs a page fault for each page of it, and what threads free in
turn leaves gaps that no image of another size fits into.
"""

import numpy as np

# Larger ones, for images beyond any mammogram's size, are not kept.
_MOST_KEPT_BYTES = 64 << 20


class Workspace:
    """Buffers of one thread; results never depend on what they held."""

    def __init__(self):
        self._buffers: dict[str, np.ndarray] = {}

    def buffer(self, name: str, *shape: int) -> np.ndarray:
        """A contiguous uint16 array of any content, shared by its name."""
        size = int(np.prod(shape))
        held = self._buffers.get(name)
        if held is None or held.size < size:
            # The old one goes before the new one comes.
            held = None
            self._buffers.pop(name, None)
            held = np.empty(size, np.uint16)
            if held.nbytes <= _MOST_KEPT_BYTES:
                self._buffers[name] = held
        return held[:size].reshape(shape)

    def room(self, name: str, size: int) -> memoryview:
        """So many bytes of any content, shared by its name."""
        words = self.buffer(name, -(-size // 2))
        return words.view(np.uint8)[:size].data

    def owns(self, pixels: np.ndarray) -> bool:
        """Whether pixels lie in one of the buffers, to be written over."""
        return any(np.may_share_memory(pixels, held)
                   for held in self._buffers.values())
