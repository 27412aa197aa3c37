# shellcheck shell=sh
# What a host tells of the changes that it has on record.

# recorded <ids: id|feature|state|who|at|summary of each. A change that died before it was armed touched nothing and means nothing.
recorded() {
  while read -r _id; do
    _state=$(state_of "$_id")
    [ "$_state" != staged ] || continue
    _manifest=$CHANGES/$_id/manifest
    printf '%s|%s|%s|%s|%s|%s\n' "$_id" "$(value feature "$_manifest")" "$_state" "$(plain "$(value who "$_manifest")")" \
      "$(value at "$CHANGES/$_id/state")" "$(plain "$(value summary "$_manifest")")"
  done
}
