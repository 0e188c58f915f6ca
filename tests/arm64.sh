#!/usr/bin/env bash
# Runs tests as on 64-bit ARM: Debian's packages of that architecture in a folder, emulated by qemu. Needs root.
# usage: tests/arm64.sh [PYTEST ARGUMENTS]
set -euo pipefail
cd "$(dirname "$0")/.."
root=$PWD/.arm64
suite=${ARM_SUITE:-bookworm} mirror=${ARM_MIRROR:-http://deb.debian.org/debian} python=${ARM_PYTHON:-3.11}
packages=(numba numpy scipy pillow imageio filelock threadpoolctl pytest hypothesis tifffile imagecodecs)

for program in qemu-aarch64-static debootstrap unshare; do
  command -v "$program" > /dev/null || { echo "$program is missing: apt-get install qemu-user-static debootstrap util-linux" >&2; exit 1; }
done
[ "$(id -u)" = 0 ] || { echo "a chroot needs root: sudo make test-arm" >&2; exit 1; }

# Programs that the tests start are emulated as well, once the kernel knows by what.
formats=/proc/sys/fs/binfmt_misc
[ -e $formats/register ] || mount -t binfmt_misc binfmt_misc $formats
if [ ! -e $formats/qemu-aarch64 ]; then
  magic='\x7f\x45\x4c\x46\x02\x01\x01\x00\x00\x00\x00\x00\x00\x00\x00\x00\x02\x00\xb7\x00'
  mask='\xff\xff\xff\xff\xff\xff\xff\x00\xff\xff\xff\xff\xff\xff\xff\xff\xfe\xff\xff\xff'
  printf ':qemu-aarch64:M::%s:%s:%s:F' "$magic" "$mask" "$(command -v qemu-aarch64-static)" > $formats/register
fi

# Unpacked, not installed: nothing of it is run, so this takes seconds and not an hour.
if [ ! -e "$root/ready" ]; then
  rm -rf "$root"
  debootstrap --foreign --arch=arm64 --variant=minbase --include=python3,libgomp1,libstdc++6 "$suite" "$root" "$mirror" > /dev/null
  for package in "$root"/var/cache/apt/archives/*.deb; do dpkg-deb -x "$package" "$root"; done
  platforms=(manylinux2014_aarch64)
  for minor in 17 24 26 27 28 31 34; do platforms+=("manylinux_2_${minor}_aarch64"); done
  python3 -m pip install --quiet --only-binary=:all: --implementation cp --python-version "$python" "${platforms[@]/#/--platform=}" \
    --target "$root/usr/local/lib/python$python/dist-packages" "${packages[@]}"
  touch "$root/ready"
fi

mkdir -p "$root/npsr"
export root
exec unshare --mount bash -c '
  mount -t proc proc "$root/proc" && mount --bind /dev "$root/dev" && mount --bind "$PWD" "$root/npsr"
  environment=(PATH=/usr/bin:/bin HOME=/tmp PYTHONDONTWRITEBYTECODE=1 NUMBA_CACHE_DIR=/tmp/numba)
  exec chroot "$root" /usr/bin/env -i --chdir=/npsr "${environment[@]}" python3 -m pytest -p no:cacheprovider --durations=10 "$@"' tests "$@"
