# shellcheck shell=sh
# The pipeline's steps, the same list as in src/domain/steps.ts; a test compares the two.
STEPS='select inspect plan install rehearse arm commit reload prove confirm roll-back'

# step NAME COMMAND…: runs COMMAND, notes name|result|milliseconds|detail; what COMMAND prints becomes the detail of a failure.
step() {
  _step=$1
  shift
  case " $STEPS " in
  *" $_step "*) ;;
  *) echo "no such step: $_step" >&2; exit 70 ;;
  esac
  _began=$(millis)
  printf '' >"$RUN/why"
  if "$@" >"$RUN/said" 2>&1; then _result=ok; else _result=failed; fi
  DETAIL=
  if [ "$_result" = failed ]; then
    DETAIL=$(cat "$RUN/why")
    [ -n "$DETAIL" ] || DETAIL=$(plain "$(tail -n 3 "$RUN/said")")
  fi
  printf 'step=%s|%s|%s|%s\n' "$_step" "$_result" "$(($(millis) - _began))" "$DETAIL" >>"$RUN/steps"
  [ -z "${ID-}" ] || [ ! -d "$CHANGES/$ID" ] || journal "$ID" "$_step $_result $DETAIL"
  [ "$_result" = ok ]
}
