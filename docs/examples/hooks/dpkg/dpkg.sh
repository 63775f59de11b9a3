# Shared by the hooks of this folder: a component that is one Debian package; its image is the .deb file.
# DROVER_DPKG_ROOT: another root directory than / (for images, containers and trials).
set -eu
export LC_ALL=C DEBIAN_FRONTEND=noninteractive

# One word for the operators, and the end.
refuse() {
  echo "$1"
  exit 1
}

# Runs dpkg. Somebody else holding its lock is no failure: not now, again in ten seconds.
run_dpkg() {
  said=$(dpkg ${DROVER_DPKG_ROOT:+"--root=$DROVER_DPKG_ROOT" --force-not-root --force-bad-path} \
    --force-confdef --force-confold "$@" 2>&1) && return 0
  case $said in
    *"lock"*"another process"*)
      echo 10
      exit 75
      ;;
  esac
  echo "$said" >&2
  return 1
}

# What dpkg's records say of a package; nothing when they do not know it.
query() {
  dpkg-query ${DROVER_DPKG_ROOT:+"--admindir=$DROVER_DPKG_ROOT/var/lib/dpkg"} --show --showformat="$1" "$2" 2> /dev/null || true
}
status_of() {
  query '${db:Status-Status}' "$1"
}
version_of() {
  query '${Version}' "$1"
}
