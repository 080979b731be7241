handler() {
    echo "event: $1" >&2
    word=$(printf %s "$1" | sed -n 's/.*"word": *"\([^"]*\)".*/\1/p')
    if [[ -z $word ]]; then
        printf '{"errorMessage": "no word", "errorType": "Shell.Failed"}'
        return 1
    fi
    printf %s "$word" | awk '{printf "{\"shouted\": \"%s\", \"letters\": %d}", toupper($0), length($0)}'
}
