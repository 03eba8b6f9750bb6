// A command in JavaScript: greets, copies its input, works with a file. What it does, all languages' guests do.
import { getArguments } from "wasi:cli/environment@0.2.12";
import { getStdin } from "wasi:cli/stdin@0.2.12";
import { getStdout } from "wasi:cli/stdout@0.2.12";
import { getDirectories } from "wasi:filesystem/preopens@0.2.12";

const encoder = new TextEncoder();
const decoder = new TextDecoder();

// Asked for when it is used: what runs at the top of the module runs while the component is made, without a host.
function write(bytes) {
  const stdout = getStdout();
  for (let at = 0; at < bytes.length; at += 4096) stdout.blockingWriteAndFlush(bytes.subarray(at, at + 4096));
}

function print(text) {
  write(encoder.encode(`${text}\n`));
}

function cat() {
  const stdin = getStdin();
  for (;;) {
    try {
      write(stdin.blockingRead(65536n));
    } catch (error) {
      if (error.payload?.tag === "closed") return;
      throw error;
    }
  }
}

function file(folder) {
  const [preopen] = getDirectories().find(([, name]) => name === folder);
  const text = "written by JavaScript";
  const written = preopen.openAt({}, "javascript.txt", { create: true, truncate: true }, { write: true, read: true });
  written.write(encoder.encode(text), 0n);
  const [bytes] = written.read(1000n, 0n);
  preopen.unlinkFileAt("javascript.txt");
  if (decoder.decode(bytes) !== text) throw new Error("read something else");
  print("file ok");
}

export const run = {
  run() {
    const [, command, ...rest] = getArguments();
    switch (command) {
      case "hello":
        return print(`Hello, ${rest[0] ?? "world"}, from JavaScript!`);
      case "cat":
        return cat();
      case "file":
        return file(rest[0]);
      default:
        throw `unknown command ${command}`; // the error of `run`: the process fails
    }
  },
};
