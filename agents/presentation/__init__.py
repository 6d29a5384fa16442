"""One blueprint, many faces: which tools the assistant is shown, under which names, and the way back from them."""
