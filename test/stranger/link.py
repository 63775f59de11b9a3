"""One MQTT connection. Each has a client object of its own, so that nothing of an earlier connection is sent again by the library."""

import threading

import paho.mqtt.client as mqtt

KEEP_ALIVE = 30
# The largest offer is an OfferMessage of 65 KiB; topic and head come on top.
PACKET_BYTES_LEAST = 66 * 1024 + 512


class BoundedClient(mqtt.Client):
    """Cuts the line when a packet announces more than the device takes, before a byte of it is kept."""

    packet_bytes_max = PACKET_BYTES_LEAST

    def _sock_recv(self, bufsize):
        if bufsize > self.packet_bytes_max:
            raise ConnectionError('packet too large')
        return super()._sock_recv(bufsize)


class Link:
    """Tells `tell(link, kind, value)` from its own thread: up, down, subscribed, acknowledged, message."""

    def __init__(self, settings, will, tell):
        self.tell = tell
        self.is_told_down = threading.Event()
        client = BoundedClient(client_id=settings['deviceId'], clean_session=True, protocol=mqtt.MQTTv311, reconnect_on_failure=False)
        client.packet_bytes_max = max(PACKET_BYTES_LEAST, settings['packetBytesMax'])
        client.username_pw_set(settings['deviceId'], settings['password'])
        client.will_set(*will, qos=0, retain=False)
        client.on_connect = lambda _c, _u, _f, code: self.tell(self, 'up', None) if code == 0 else self._down(f'connack {code}')
        client.on_disconnect = lambda _c, _u, code: self._down(f'disconnected {code}')
        client.on_subscribe = lambda _c, _u, mid, granted: self.tell(self, 'subscribed', (mid, list(granted)))
        client.on_publish = lambda _c, _u, mid: self.tell(self, 'acknowledged', mid)
        client.on_message = lambda _c, _u, message: self.tell(self, 'message', (message.topic, message.payload))
        self.client = client
        self.address = (settings['host'], settings['port'])

    def _down(self, reason):
        if not self.is_told_down.is_set():
            self.is_told_down.set()
            self.tell(self, 'down', reason)

    def open(self):
        """Begins to connect; an OSError when nobody listens."""
        self.client.connect(*self.address, keepalive=KEEP_ALIVE)
        self.client.loop_start()

    def subscribe(self, filters):
        return self.client.subscribe(filters)[1]

    def unsubscribe(self, filters):
        self.client.unsubscribe(filters)

    def publish(self, topic, payload, qos):
        return self.client.publish(topic, payload, qos=qos).mid

    def close(self, farewell=None):
        """Ends the connection in order when `farewell` (topic and payload) is given, else by letting the line fall."""
        self.is_told_down.set()
        try:
            if farewell is not None:
                self.client.publish(*farewell, qos=0).wait_for_publish(1)
                self.client.disconnect()
            else:
                self.client._sock_close()
        except (OSError, ValueError, RuntimeError):
            pass
        self.client.loop_stop()
