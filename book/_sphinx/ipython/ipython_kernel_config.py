"""Settings of the kernel that runs the cells of the book."""

c = get_config()  # noqa: F821 - IPython defines it

c.Application.log_level = "ERROR"
c.HistoryManager.enabled = False
c.InlineBackend.figure_formats = {"svg"}
c.InlineBackend.rc = {"svg.fonttype": "none", "svg.hashsalt": "convbook"}
