"""From solutions/ and the questions to what students get: notebooks, public cases, one zip."""
