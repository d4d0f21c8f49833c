"""Another host, as far as addresses go: a network namespace of the test's own, and certificates for its address."""
import os
import subprocess


def is_possible():
    """Root may, where the kernel lets it and / is a mount point."""
    if os.geteuid() != 0:
        return False
    name = f"switchyard-try-{os.getpid()}"
    made = subprocess.run(["ip", "netns", "add", name], capture_output=True)
    if made.returncode != 0:
        return False
    entered = subprocess.run(["ip", "-n", name, "link"], capture_output=True)
    subprocess.run(["ip", "netns", "del", name], check=True)
    return entered.returncode == 0


class Elsewhere:
    """self.address is there, self.here is this machine's end. Of the range that is for measuring networks (RFC 2544)."""

    def __init__(self, number=0):
        # Four addresses for each, by pid and number: processes test at the same time.
        at = ((os.getpid() * 4 + number) % 16384) * 4
        self.name = f"switchyard-{os.getpid()}-{number}"
        self.near, self.far = f"sy{at:x}a", f"sy{at:x}b"
        net = f"198.18.{at // 256}."
        self.here, self.address = f"{net}{at % 256 + 1}", f"{net}{at % 256 + 2}"

    def __enter__(self):
        self._ip("netns", "add", self.name)
        try:
            self._ip("link", "add", self.near, "type", "veth", "peer", "name", self.far, "netns", self.name)
            self._ip("addr", "add", self.here + "/30", "dev", self.near)
            self._ip("link", "set", self.near, "up")
            self._ip("-n", self.name, "addr", "add", self.address + "/30", "dev", self.far)
            self._ip("-n", self.name, "link", "set", self.far, "up")
            self._ip("-n", self.name, "link", "set", "lo", "up")
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_):
        self._ip("netns", "del", self.name)     # and both ends of its link with it

    @staticmethod
    def _ip(*args):
        subprocess.run(["ip", *args], check=True)

    @property
    def prefix(self):
        """In front of a command that is to run there."""
        return ["ip", "netns", "exec", self.name]


def make_certificates(folder, address):
    """An authority, and a server's certificate that names the address and nothing else. Where they are."""
    where = os.path.join(folder, "certificates-" + address)
    os.mkdir(where)

    def openssl(*args):
        subprocess.run(["openssl", *args], check=True, cwd=where, stdin=subprocess.DEVNULL, capture_output=True)

    new = ["req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2"]
    openssl(*new, "-keyout", "ca-key.pem", "-out", "ca.pem", "-subj", "/CN=authority of a test")
    openssl(*new, "-CA", "ca.pem", "-CAkey", "ca-key.pem", "-keyout", "server-key.pem", "-out", "server.pem",
            "-subj", "/CN=server of a test", "-addext", f"subjectAltName=IP:{address}",
            "-addext", "basicConstraints=critical,CA:FALSE")
    for name in os.listdir(where):
        os.chmod(os.path.join(where, name), 0o644)
    return where
