# Each target is `python3 -m tasks TARGET`; the work is in tasks/.
PYTHON ?= python3

TASKS := serve test book exercises handout check lock setup clean
.PHONY: $(TASKS)
.DEFAULT_GOAL := serve

$(TASKS):
	@$(PYTHON) -m tasks $@
