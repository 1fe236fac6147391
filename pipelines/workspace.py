"""Memory that is used again for the next image."""

import numpy as np


class Workspace:
    """Buffers of one thread; results never depend on what they held."""

    def __init__(self):
        self._buffers: dict[str, np.ndarray] = {}

    def buffer(self, name: str, *shape: int) -> np.ndarray:
        """A contiguous uint16 array of any content, shared by its name."""
        size = int(np.prod(shape))
        held = self._buffers.get(name)
        if held is None or held.size < size:
            held = self._buffers[name] = np.empty(size, np.uint16)
        return held[:size].reshape(shape)
