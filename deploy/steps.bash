# Shared by the scripts in this folder: packages, progress, and processes that end with the script.
# Sourced, with `set -euo pipefail` in force and the checkout as the working directory.

readonly started_at=$SECONDS

say() {
    printf '\n==> [%3d s] %s\n' "$((SECONDS - started_at))" "$*"
}

die() {
    printf '\nerror: %s\n' "$*" >&2
    exit 1
}

as_root() {
    if [[ $(id -u) -eq 0 ]]; then
        "$@"
    else
        command -v sudo >/dev/null || die "'$*' needs root: run as root or install sudo"
        sudo "$@"
    fi
}

# A relay and its viewers have more files and sockets open at once than the 1024 that many shells start with, and so
# have tests that run beside each other.
raise_open_files() {
    local wanted=16384
    [[ $(ulimit -S -n) != unlimited && $(ulimit -S -n) -lt $wanted ]] || return 0
    ulimit -S -n "$wanted" 2>/dev/null || ulimit -n "$wanted" 2>/dev/null || ulimit -S -n "$(ulimit -H -n)"
}
raise_open_files

# What the relay is built with. The multi-buffer library exists for x86-64 only.
build_packages=(
    ca-certificates curl libebml-dev libmatroska-dev libopenh264-dev libopus-dev libsqlite3-dev libssl-dev
    libvpx-dev pkg-config
)
if [[ $(uname -m) == x86_64 ]]; then
    build_packages+=(libipsec-mb-dev)
fi

install_packages() {
    local package missing=()
    for package in "$@"; do
        if [[ $(dpkg-query -W -f='${db:Status-Status}' "$package" 2>/dev/null) != installed ]]; then
            missing+=("$package")
        fi
    done
    if [[ ${#missing[@]} -eq 0 ]]; then
        echo "All packages are installed: $*"
        return
    fi
    echo "Installing: ${missing[*]}"
    as_root apt-get update -q
    as_root env DEBIAN_FRONTEND=noninteractive apt-get install -y -q --no-install-recommends "${missing[@]}"
}

require_swift() {
    command -v swift >/dev/null || die "swift is not on the PATH: install Swift 6.3 from https://swift.org/install"
    swift --version 2>/dev/null | head -n 1
}

# Answers a port from $2 to $3 that no socket of protocol $1 (tcp or udp) is bound to, over IPv4 or IPv6.
free_port() {
    local protocol=$1 port taken
    taken=$(cat "/proc/net/$protocol" "/proc/net/${protocol}6" 2>/dev/null | awk '{ print $2 }')
    for ((port = $2; port <= $3; port++)); do
        if ! grep -q ":$(printf '%04X' "$port")\$" <<<"$taken"; then
            echo "$port"
            return
        fi
    done
    die "no free $protocol port from $2 to $3"
}

children=()

# Starts a command in the background with its output in the file $1; it ends with the script.
# The command keeps no terminal signals, so that the script alone decides the order of ending.
start() {
    local log=$1
    shift
    setsid "$@" >"$log" 2>&1 </dev/null &
    children+=("$!")
}

is_running() {
    kill -0 "$1" 2>/dev/null
}

# Ends everything that was started, the newest first, and waits until it is gone.
stop_children() {
    local index pid attempt
    for ((index = ${#children[@]} - 1; index >= 0; index--)); do
        pid=${children[index]}
        is_running "$pid" || continue
        kill -TERM "$pid" 2>/dev/null || true
        for ((attempt = 0; attempt < 100; attempt++)); do
            is_running "$pid" || break
            sleep 0.1
        done
        kill -KILL "$pid" 2>/dev/null || true
        wait "$pid" 2>/dev/null || true
    done
    children=()
}
