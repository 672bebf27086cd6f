"""``kprov serve``: one process that owns the store and answers over HTTP."""
