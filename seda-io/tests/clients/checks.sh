# Sourced by the checks: says what is wrong, and ends.

# is WHAT HAVE MUST
is() {
    [ "$2" = "$3" ] || { printf '%s is %q, and must be %q\n' "$1" "$2" "$3" >&2; exit 1; }
}
# has WHAT HAVE PART
has() {
    [[ $2 == *"$3"* ]] || { printf '%s has no %q: %q\n' "$1" "$3" "$2" >&2; exit 1; }
}
