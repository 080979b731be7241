GREETINGS = {"de": "Hallo", "en": "Hello", "fr": "Bonjour"}
