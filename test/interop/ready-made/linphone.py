"""Linphone's own SIP core, as Debian packages it, told by one line at a time what its user does.

The programs of linphone-cli have no command that subscribes to a package; the library below them has.
Arguments: user, password, URI of the resource, package. What comes back is printed as one JSON object a line.
On standard input: `refresh`, `refresh TYPE/SUBTYPE BODY`, `quit`.
"""

import ctypes
import ctypes.util
import json
import os
import select
import sys

P, S, I = ctypes.c_void_p, ctypes.c_char_p, ctypes.c_int
lib = ctypes.CDLL(ctypes.util.find_library('linphone') or 'liblinphone.so.10')


def call(name, result, *arguments):
    """`arguments`: pairs of type and value, or bare values that are passed as pointers."""
    pairs = [one if isinstance(one, tuple) else (P, one) for one in arguments]
    function = getattr(lib, f'linphone_{name}')
    function.restype = result
    function.argtypes = [kind for kind, _ in pairs]
    return function(*[value for _, value in pairs])


def text(value):
    return (S, value.encode())


def say(**what):
    print(json.dumps(what), flush=True)


if len(sys.argv) != 5:
    sys.exit(0)  # asked only whether the library is there

user, password, resource, package = sys.argv[1:]
home = os.environ['HOME']
factory = call('factory_get', P)
for folder in ('config', 'data', 'download'):
    call(f'factory_set_{folder}_dir', None, factory, text(f'{home}/'))
config = call('config_new', P, (S, None))
for transport in ('sip_port', 'sip_tcp_port'):
    call('config_set_int', None, config, text('sip'), text(transport), (I, -1))
call('config_set_int', None, config, text('sip'), text('sip_tls_port'), (I, 0))
call('config_set_string', None, config, text('sip'), text('bind_address'), text('127.0.0.1'))
core = call('factory_create_core_with_config_3', P, factory, config, None)

Notified = ctypes.CFUNCTYPE(None, P, P, S, P)
Changed = ctypes.CFUNCTYPE(None, P, P, I)


@Notified
def notified(_core, _event, name, content):
    body = None
    if content:
        size = call('content_get_size', ctypes.c_size_t, content)
        body = ctypes.string_at(call('content_get_buffer', P, content), size).decode()
    say(notify=name.decode(), body=body)


@Changed
def changed(_core, _event, state):
    names = ['none', 'outgoing', 'incoming', 'pending', 'active', 'terminated', 'error', 'expiring']
    say(state=names[state])


callbacks = call('factory_create_core_cbs', P, factory)
call('core_cbs_set_notify_received', None, callbacks, (Notified, notified))
call('core_cbs_set_subscription_state_changed', None, callbacks, (Changed, changed))
call('core_add_callbacks', None, core, callbacks)
if call('core_start', I, core) != 0:
    sys.exit('the core does not start')
nobody = (S, None)
secret = call('auth_info_new', P, text(user), nobody, text(password), nobody, nobody, nobody)
call('core_add_auth_info', None, core, secret)
call('core_set_primary_contact', I, core, text(f'sip:{user}@lamplighter.test'))
address = call('factory_create_address', P, factory, text(resource))
event = call('core_subscribe', P, core, address, text(package), (I, 600), None)

waiting = True
ticks = 0
while waiting or ticks < 50:
    call('core_iterate', None, core)
    ready = select.select([sys.stdin], [], [], 0.02)[0] if waiting else select.select([], [], [], 0.02)[0]
    ticks += 0 if waiting else 1
    if not ready:
        continue
    words = sys.stdin.readline().strip().split(' ', 2)
    if words[0] in ('', 'quit'):
        call('event_terminate', None, event)
        waiting = False
        continue
    content = None
    if len(words) == 3:
        content = call('core_create_content', P, core)
        kind, subtype = words[1].split('/')
        call('content_set_type', None, content, text(kind))
        call('content_set_subtype', None, content, text(subtype))
        call('content_set_utf8_text', None, content, text(words[2]))
    say(refresh=call('event_update_subscribe', I, event, content))
