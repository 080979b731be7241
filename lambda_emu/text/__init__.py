"""text: what the JSON parser and the language of AWS's front end say and print."""
