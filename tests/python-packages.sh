# shellcheck shell=bash
# What the tests of several directories do alike: sourced by their run.sh, which has a function `fail`.

# Installs the packages that $1/requirements.txt pins into an environment of their own at $2, unless they are there.
install_python_packages() {
    local here=$1 venv=$2
    command -v python3 >/dev/null || fail "Python is missing (Debian package python3)"
    if [[ ! $venv/installed -nt $here/requirements.txt ]]; then
        python3 -c 'import ensurepip, venv' 2>/dev/null || fail "Python cannot make environments (Debian package python3-venv)"
        python3 -m venv --clear "$venv"
        "$venv/bin/pip" install --quiet --require-hashes --only-binary :all: -r "$here/requirements.txt" ||
            fail "pip install failed"
        touch "$venv/installed"
    fi
}
