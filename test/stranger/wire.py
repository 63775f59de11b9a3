"""Reads and writes the messages of proto/drover.proto, strictly (docs/PROTOCOL.md, section 3).

The protobuf classes are made by protoc from the .proto file when the program starts, into a folder that is thrown
away. They write; reading is done here, from their descriptors, because a protobuf library reads too generously.
"""

import importlib.util
import os
import re
import shutil
import subprocess
import sys
import tempfile

HERE = os.path.dirname(os.path.abspath(__file__))
PROTO = os.path.join(HERE, '..', '..', 'proto', 'drover.proto')

VARINT, FIXED64, BYTES, FIXED32 = 0, 1, 2, 5
SAFE = 1 << 53
KIB, MIB = 1024, 1024 * 1024

RESERVED = {'constructor', 'toString', 'valueOf', 'hasOwnProperty', 'isPrototypeOf', 'propertyIsEnumerable', 'toLocaleString'}
OPERATION_ID = re.compile(r'[0-9a-z]{26}')
OPERATION_TYPE = re.compile(r'[a-z][a-z0-9-]{0,31}')
COMPONENT = re.compile(r'[A-Za-z0-9][A-Za-z0-9._-]{0,31}')
VERSION = re.compile(r'[0-9]{1,3}\.[0-9]{1,3}\.[0-9]{1,3}')
DATA_NAME = re.compile(r'[A-Za-z][A-Za-z0-9_.-]{0,63}')
SESSION = re.compile(r'[0-9a-f]{16}')


class Refused(Exception):
    """A message that does not read; `path` is the field at fault."""

    def __init__(self, path):
        super().__init__(path)
        self.path = path


def compile_proto(proto=PROTO):
    """The module that protoc makes of drover.proto; nothing of it stays on the disk."""
    proto = os.path.abspath(proto)
    folder = tempfile.mkdtemp(prefix='drover-proto-')
    try:
        subprocess.run(
            ['protoc', '-I', os.path.dirname(proto), '--python_out', folder, proto],
            check=True, stdin=subprocess.DEVNULL, stdout=sys.stderr,
        )
        spec = importlib.util.spec_from_file_location('drover_pb2', os.path.join(folder, 'drover_pb2.py'))
        module = importlib.util.module_from_spec(spec)
        sys.dont_write_bytecode = True
        spec.loader.exec_module(module)
        return module
    finally:
        shutil.rmtree(folder, ignore_errors=True)


pb = compile_proto()


def camel(name):
    head, *rest = name.split('_')
    return head + ''.join(part.capitalize() for part in rest)


def varint(data, at, end, path):
    value = 0
    for index in range(10):
        if at >= end:
            raise Refused(path)
        byte = data[at]
        at += 1
        value |= (byte & 0x7F) << (7 * index)
        if byte < 0x80:
            if value >= 1 << 64:
                raise Refused(path)
            return value, at
    raise Refused(path)


def read(name, data):
    """The fields of a message as a dict by their names in drover.proto; absent ones are not in it."""
    return _read(pb.DESCRIPTOR.message_types_by_name[name], bytes(data), 0, len(data), name)


def _read(descriptor, data, at, end, path):
    fields = {}
    seen_oneof = {}
    while at < end:
        tag, at = varint(data, at, end, path)
        field = descriptor.fields_by_number.get(tag >> 3)
        if field is None:
            raise Refused(path)
        here = path + '.' + camel(field.name)
        value, at = _value(field, tag & 7, data, at, end, here)
        if field.label == field.LABEL_REPEATED:
            fields.setdefault(field.name, []).append(value)
            continue
        if field.name in fields:
            raise Refused(here)
        group = field.containing_oneof
        if group is not None and len(group.fields) > 1:
            if group.name in seen_oneof:
                raise Refused(path + '.' + group.fields[0].name)
            seen_oneof[group.name] = field.name
        fields[field.name] = value
    return fields


def _value(field, wire_type, data, at, end, path):
    is_number = field.type in (field.TYPE_UINT32, field.TYPE_UINT64, field.TYPE_BOOL, field.TYPE_ENUM)
    if wire_type != (VARINT if is_number else BYTES):
        raise Refused(path)
    number, at = varint(data, at, end, path)
    if field.type == field.TYPE_BOOL:
        if number > 1:
            raise Refused(path)
        return number == 1, at
    if is_number:
        if number >= (SAFE if field.type == field.TYPE_UINT64 else 1 << 32):
            raise Refused(path)
        return number, at
    if number > end - at:
        raise Refused(path)
    stop = at + number
    if field.type == field.TYPE_MESSAGE:
        return _read(field.message_type, data, at, stop, path), stop
    value = data[at:stop]
    if field.type == field.TYPE_STRING:
        try:
            return value.decode('utf-8'), stop
        except UnicodeDecodeError:
            raise Refused(path) from None
    return value, stop


def write(name, fields):
    """The bytes of a message; `fields` as `read` gives them, None is absent."""
    return _message(getattr(pb, name), fields).SerializeToString()


def _message(kind, fields):
    message = kind()
    for name, value in fields.items():
        if value is None:
            continue
        field = kind.DESCRIPTOR.fields_by_name[name]
        if field.label == field.LABEL_REPEATED:
            target = getattr(message, name)
            for one in value:
                if field.type == field.TYPE_MESSAGE:
                    target.add().CopyFrom(_message(getattr(pb, field.message_type.name), one))
                else:
                    target.append(one)
        elif field.type == field.TYPE_MESSAGE:
            getattr(message, name).CopyFrom(_message(getattr(pb, field.message_type.name), value))
        else:
            setattr(message, name, value)
    return message


def is_component(text):
    return COMPONENT.fullmatch(text) is not None and text not in RESERVED


def is_version(text):
    return VERSION.fullmatch(text) is not None


def version_key(text):
    return tuple(int(part) for part in text.split('.'))
