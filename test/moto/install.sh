#!/usr/bin/env bash
# Puts moto, an AWS that nobody here wrote, into a folder, from Debian's packages: bash test/moto/install.sh [FOLDER]
# Debian 13 has moto; on Debian 12 its two missing packages are taken from 13 and stand beside 12's own. Nothing of the
# system is changed, and nothing is installed: apt works in a state of its own and dpkg only unpacks.
# Prints the folder. Exit 77: not Debian, or of another release, so the suite cannot run here.
set -euo pipefail

folder="${1:-${TMPDIR:-/tmp}/didomi-dataverse-moto}"
unable() { printf 'moto cannot be installed here: %s\n' "$*" >&2; exit 77; }

[ -r /etc/os-release ] || unable 'no /etc/os-release'
# shellcheck source=/dev/null
release="$(. /etc/os-release && printf '%s' "${ID:-}-${VERSION_CODENAME:-}")"
for tool in apt-get dpkg-deb; do command -v "$tool" >/dev/null || unable "no $tool"; done
[ -x /usr/bin/python3 ] || unable 'no /usr/bin/python3, for which the packages are made'
case "$release" in
  debian-bookworm | debian-trixie) ;;
  *) unable "$release is neither Debian 12 nor 13" ;;
esac

mkdir -p "$folder"
folder="$(cd "$folder" && pwd)"
packages="$folder/root/usr/lib/python3/dist-packages"
works() { PYTHONPATH="$packages" /usr/bin/python3 -c 'import moto.server, flask_cors, boto3, xmltodict' 2>/dev/null; }
if [ -e "$folder/complete" ] && works; then
  printf '%s\n' "$folder"
  exit 0
fi

rm -rf "$folder/apt" "$folder/root" "$folder/complete"
mkdir -p "$folder/root"

# apt in a state of its own: apt_of NAME ARGUMENTS… It knows what the system has, so that only what is missing is fetched.
apt_of() {
  local home="$folder/apt/$1"
  shift
  mkdir -p "$home/state/lists/partial" "$home/cache/archives/partial" "$home/log"
  local sources=()
  [ ! -e "$home/sources.list" ] || sources=(-o Dir::Etc::SourceList="$home/sources.list" -o Dir::Etc::SourceParts=/dev/null)
  apt-get -qq "${sources[@]}" -o Dir::State="$home/state" -o Dir::State::status=/var/lib/dpkg/status \
    -o Dir::Cache="$home/cache" -o Dir::Log="$home/log" -o Debug::NoLocking=1 -o APT::Sandbox::User= "$@"
}
fetch() { apt_of system install --download-only --yes --no-install-recommends --reinstall "$@" >&2; }

apt_of system update >&2
case "$release" in
  debian-trixie) fetch python3-moto python3-flask-cors python3-flask python3-xmltodict ;;
  debian-bookworm)
    fetch python3-flask python3-boto3 python3-responses python3-xmltodict
    # The mirror of the system holds the next release too.
    mirror="$(apt_of system indextargets --format '$(RELEASE) $(REPO_URI)' 'Created-By: Packages' | sed -n 's/^bookworm //p' | head -n 1)"
    [ -n "$mirror" ] || unable 'no mirror of Debian 12 among the sources of apt'
    mkdir -p "$folder/apt/next"
    printf 'deb [signed-by=/usr/share/keyrings/debian-archive-keyring.gpg] %s trixie main\n' "$mirror" \
      >"$folder/apt/next/sources.list"
    apt_of next update >&2
    # Without their dependencies, which would be those of Debian 13, for another Python.
    (cd "$folder/apt/next/cache/archives" && apt_of next download python3-moto python3-flask-cors >&2)
    ;;
esac

for package in "$folder"/apt/*/cache/archives/*.deb; do dpkg-deb --extract "$package" "$folder/root"; done
rm -rf "$folder/apt"
works || unable 'its packages do not fit together'
touch "$folder/complete"
printf '%s\n' "$folder"
