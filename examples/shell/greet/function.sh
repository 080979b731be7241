greet() {
    echo "greeting $1" >&2
    echo "{\"greeted\": $1}"
}
