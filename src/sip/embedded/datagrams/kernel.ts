import { createSocket } from 'node:dgram';
import { endianness } from 'node:os';
import type { LibraryHandle } from 'koffi';
import { MessageVector } from './message-vector.ts';
import { writeSocketAddress } from './socket-address.ts';

/** Linux's calls for many datagrams at once. All answer as the calls do: −1 where they fail. */
export interface Kernel {
  /** A UDP socket for IPv4 bound there; null: it cannot be had. Whoever adopts it closes it. */
  bind(address: string, port: number): number | null;
  /** libuv sets SO_REUSEADDR on a socket it adopts, with which another program could take the port. */
  keepAlone(descriptor: number): void;
  /** As many entries as this memory has. */
  vector(entries: number, slotBytes: number): MessageVector;
  /** recvmmsg(2): how many entries were filled; it does not wait. */
  receive(descriptor: number, into: MessageVector): number;
  /** sendmmsg(2): how many of the first `count` entries were taken; it does not wait. */
  send(descriptor: number, from: MessageVector, count: number): number;
}

const afInet = 2;
const sockDgram = 2;
const sockNonblock = 0o4000;
const sockCloexec = 0o2000000;
const solSocket = 1;
const soReuseaddr = 2;
const msgDontwait = 0x40;

let asked: Promise<Kernel | null> | null = null;

/**
 * null where they cannot be used: not a Linux of 64 bits, no library for this processor, or calls that a sandbox forbids. They
 * are tried on a socket of their own first, because a mistake in foreign memory would not be an exception.
 */
export function openKernel(): Promise<Kernel | null> {
  asked ??= open();
  return asked;
}

async function open(): Promise<Kernel | null> {
  const isKnown = process.arch === 'x64' || process.arch === 'arm64';
  if (process.platform !== 'linux' || !isKnown || endianness() !== 'LE') return null;
  try {
    const { default: koffi } = await import('koffi');
    const kernel = kernelOf(koffi.load(null), koffi.address);
    return (await works(kernel)) ? kernel : null;
  } catch {
    return null; // everything works without it, only dearer
  }
}

function kernelOf(libc: LibraryHandle, addressOf: (memory: Buffer) => bigint): Kernel {
  const socket = libc.func('int socket(int domain, int type, int protocol)');
  const bind = libc.func('int bind(int fd, const void *addr, uint32_t addrlen)');
  const close = libc.func('int close(int fd)');
  const setsockopt = libc.func('int setsockopt(int fd, int level, int name, const void *value, uint32_t length)');
  const recvmmsg = libc.func('int recvmmsg(int fd, void *vector, uint32_t length, int flags, void *timeout)');
  const sendmmsg = libc.func('int sendmmsg(int fd, void *vector, uint32_t length, int flags)');
  const off = Buffer.alloc(4);
  return {
    bind: (address, port) => {
      const name = Buffer.alloc(MessageVector.nameBytes);
      if (!writeSocketAddress(name, 0, address, port)) return null;
      const descriptor: number = socket(afInet, sockDgram | sockNonblock | sockCloexec, 0);
      if (descriptor < 0) return null;
      if (bind(descriptor, name, name.length) === 0) return descriptor;
      close(descriptor);
      return null;
    },
    keepAlone: (descriptor) => {
      setsockopt(descriptor, solSocket, soReuseaddr, off, off.length);
    },
    vector: (entries, slotBytes) => new MessageVector(entries, slotBytes, addressOf),
    receive: (descriptor, { headers, entries }) => recvmmsg(descriptor, headers, entries, msgDontwait, null),
    send: (descriptor, { headers }, count) => sendmmsg(descriptor, headers, count, msgDontwait),
  };
}

/** How long two datagrams may take to come back; ms. The kernel delivers them at once, unless that processor is very busy. */
const patienceMs = 100;

/** Two datagrams to itself: they must come back as they were, from where they came. */
async function works(kernel: Kernel): Promise<boolean> {
  const descriptor = kernel.bind('127.0.0.1', 0);
  if (descriptor === null) return false;
  const socket = createSocket('udp4');
  try {
    // adopted for its `close`; nothing is read of it here, the loop does not turn in between
    await new Promise<void>((resolve, reject) => {
      socket.once('error', reject);
      socket.bind({ fd: descriptor }, resolve);
    });
    const { port } = socket.address();
    const out = kernel.vector(2, 64);
    const back = kernel.vector(3, 64);
    const said = ['one', 'the other'];
    for (const [index, word] of said.entries()) out.put(index, word, '127.0.0.1', port);
    if (kernel.send(descriptor, out, said.length) !== said.length) return false;
    const heard: string[] = [];
    for (const until = performance.now() + patienceMs; heard.length < said.length && performance.now() < until; ) {
      const count = kernel.receive(descriptor, back);
      for (let index = 0; index < count; index++) {
        heard.push(`${back.bytes(index).toString('latin1')} ${back.address(index)}:${back.port(index)}`);
      }
    }
    return heard.join() === said.map((word) => `${word} 127.0.0.1:${port}`).join();
  } finally {
    socket.close();
  }
}
