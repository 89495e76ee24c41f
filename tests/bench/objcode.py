# SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause
"""Instructions in a BPF object file: of each program with all functions that it can reach, by stage.

A program is what libbpf would load for it: its own function, and every function that is called, or passed to a
helper, from there. Each of their instructions belongs to the source file that it was written in, whether inlined or
not; so says the line information that the kernel is given too (.BTF.ext). Nothing here depends on a kernel.
"""
import collections
import struct

INSN = 8
_SECTION = struct.Struct("<IIQQQQIIQQ")
_SYMBOL = struct.Struct("<IBBHQQ")
_RELOCATION = struct.Struct("<QQ")
_STT_FUNC, _STT_SECTION = 2, 3
_SHT_SYMTAB, _SHT_REL = 2, 9
_CALL, _LOAD64, _PSEUDO_CALL = 0x85, 0x18, 1

Function = collections.namedtuple("Function", "name section start count entry")  # start and count in instructions


def _text(blob, offset):
    return blob[offset:blob.index(b"\0", offset)].decode()


class Object:
    """One object file for the BPF target (ELF, 64 bits, little endian)."""

    def __init__(self, path):
        self.data = path.read_bytes()
        if self.data[:6] != b"\x7fELF\x02\x01" or struct.unpack_from("<H", self.data, 18)[0] != 247:
            raise ValueError(f"{path}: not a BPF object file")
        self._read_sections()
        self._read_symbols()
        self._relocations = {index: dict(self._read_relocations(index)) for index in {f.section for f in
                                                                                     self.functions}}
        self._lines = dict(self._read_lines())

    def _read_sections(self):
        table, = struct.unpack_from("<Q", self.data, 40)
        size, count, names = struct.unpack_from("<HHH", self.data, 58)
        self.sections = [_SECTION.unpack_from(self.data, table + i * size) for i in range(count)]
        strings = self._bytes(names)
        self.names = [_text(strings, s[0]) for s in self.sections]

    def _bytes(self, index):
        section = self.sections[index]
        return self.data[section[4]:section[4] + section[5]]

    def _named(self, name):
        return self._bytes(self.names.index(name)) if name in self.names else b""

    def _read_symbols(self):
        index = next(i for i, s in enumerate(self.sections) if s[1] == _SHT_SYMTAB)
        strings = self._bytes(self.sections[index][6])
        self.symbols = [_SYMBOL.unpack(s) for s in self._chunks(self._bytes(index), _SYMBOL.size)]
        self.functions = []
        for name, info, _, section, value, size in self.symbols:
            if info & 15 == _STT_FUNC and size:
                self.functions.append(Function(_text(strings, name), section, value // INSN, size // INSN,
                                               self.names[section] != ".text"))

    @staticmethod
    def _chunks(blob, size):
        return (blob[i:i + size] for i in range(0, len(blob), size))

    def _read_relocations(self, section):
        """(instruction, symbol) of a section."""
        for s in self.sections:
            if s[1] == _SHT_REL and s[7] == section:
                for chunk in self._chunks(self.data[s[4]:s[4] + s[5]], _RELOCATION.size):
                    offset, info = _RELOCATION.unpack(chunk)
                    yield offset // INSN, info >> 32

    def _at(self, section, start):
        return next((f for f in self.functions if f.section == section and f.start == start), None)

    def _target(self, section, at, insn):
        """The function that an instruction calls or takes the address of."""
        opcode, registers, _, value = struct.unpack("<BBhi", insn)
        is_call = opcode == _CALL and registers >> 4 == _PSEUDO_CALL
        symbol = self._relocations[section].get(at)
        if not is_call and (opcode != _LOAD64 or symbol is None):
            return None
        if symbol is None:
            return self._at(section, at + 1 + value)
        _, info, _, where, base, _ = self.symbols[symbol]
        if info & 15 == _STT_SECTION:  # the place in the section is in the instruction
            base = (value + 1) * INSN if is_call else value
        return self._at(where, base // INSN)

    def reachable(self, function):
        """The function and everything that it can get to, each once."""
        found, todo = {}, [function]
        while todo:
            f = todo.pop()
            if f.name in found:
                continue
            found[f.name] = f
            code = self._bytes(f.section)
            for at in range(f.start, f.start + f.count):
                target = self._target(f.section, at, code[at * INSN:(at + 1) * INSN])
                if target:
                    todo.append(target)
        return list(found.values())

    def _read_lines(self):
        """(section, [(instruction, file)] in order), from .BTF.ext."""
        btf, ext = self._named(".BTF"), self._named(".BTF.ext")
        if not ext:
            return
        header, _, _, strings_at, _ = struct.unpack_from("<IIIII", btf, 4)
        strings = btf[header + strings_at:]
        header, _, _, lines_at, lines_size = struct.unpack_from("<IIIII", ext, 4)
        at, end = header + lines_at, header + lines_at + lines_size
        size, = struct.unpack_from("<I", ext, at)
        at += 4
        while at < end:
            name, count = struct.unpack_from("<II", ext, at)
            at += 8
            lines = []
            for _ in range(count):
                offset, file = struct.unpack_from("<II", ext, at)
                lines.append((offset // INSN, _text(strings, file)))
                at += size
            yield self.names.index(_text(strings, name)), sorted(lines)

    def _files(self, function):
        """{file: instructions} of one function."""
        found = collections.Counter()
        lines = [(at, file) for at, file in self._lines.get(function.section, [])
                 if function.start <= at < function.start + function.count]
        ends = [at for at, _ in lines[1:]] + [function.start + function.count]
        for (at, file), end in zip(lines, ends):
            found[file.rpartition("/")[2].removesuffix(".h")] += end - at
        rest = function.count - sum(found.values())
        if rest:
            found["(no line)"] += rest
        return found

    def programs(self):
        """{program: {"instructions": all, "functions": how many, "stages": {file: instructions}}}"""
        found = {}
        for function in (f for f in self.functions if f.entry):
            reached, stages = self.reachable(function), collections.Counter()
            for f in reached:
                stages.update(self._files(f))
            found[function.name] = {"instructions": sum(f.count for f in reached), "functions": len(reached),
                                    "stages": dict(sorted(stages.items(), key=lambda s: (-s[1], s[0])))}
        return found
