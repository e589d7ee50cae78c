# %% own
import os
import socket


def tcp():
    socket.create_connection(("127.0.0.1", int(os.environ.get("PORT", 8888))), timeout=2)


def udp():
    socket.socket(socket.AF_INET, socket.SOCK_DGRAM).sendto(b"x", ("8.8.8.8", 53))


def dns():
    socket.getaddrinfo("example.org", 80)


def unix():
    for path in ("/run/dbus/system_bus_socket", "/var/run/docker.sock", "/run/systemd/notify"):
        try:
            socket.socket(socket.AF_UNIX).connect(path)
            return
        except OSError:
            pass
    raise OSError


def abstract():
    with open("/proc/net/unix") as file:
        file.read()


reached = 0
for attempt in (tcp, udp, dns, unix, abstract):
    try:
        attempt()
        reached += 1
        print("reached by", attempt.__name__)
    except OSError:
        pass
print(reached, "of 5 reached")
