"""From one submission to one result; `result` says what that is."""
