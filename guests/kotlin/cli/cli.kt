// A command in Kotlin, which compiles to garbage-collected references and exceptions of the engine: greets, copies its
// input, makes garbage, throws and catches. WASI preview 1 is imported by hand: the library brings printing only.
@file:OptIn(UnsafeWasmMemoryApi::class, ExperimentalWasmInterop::class)

import kotlin.wasm.ExperimentalWasmInterop
import kotlin.wasm.WasmExport
import kotlin.wasm.WasmImport
import kotlin.wasm.unsafe.MemoryAllocator
import kotlin.wasm.unsafe.Pointer
import kotlin.wasm.unsafe.UnsafeWasmMemoryApi
import kotlin.wasm.unsafe.withScopedMemoryAllocator

@WasmImport("wasi_snapshot_preview1", "args_sizes_get")
private external fun argsSizesGet(count: Int, size: Int): Int

@WasmImport("wasi_snapshot_preview1", "args_get")
private external fun argsGet(pointers: Int, text: Int): Int

@WasmImport("wasi_snapshot_preview1", "fd_read")
private external fun fdRead(fd: Int, vectors: Int, count: Int, read: Int): Int

@WasmImport("wasi_snapshot_preview1", "fd_write")
private external fun fdWrite(fd: Int, vectors: Int, count: Int, written: Int): Int

@WasmImport("wasi_snapshot_preview1", "proc_exit")
private external fun procExit(code: Int)

private fun Pointer.address() = address.toInt()

private fun textAt(start: Pointer): String {
    val bytes = generateSequence(start) { it + 1 }.map { it.loadByte() }.takeWhile { it != 0.toByte() }
    return bytes.toList().toByteArray().decodeToString()
}

private fun arguments(): List<String> = withScopedMemoryAllocator { memory ->
    val count = memory.allocate(4)
    val size = memory.allocate(4)
    check(argsSizesGet(count.address(), size.address()) == 0)
    val pointers = memory.allocate(4 * count.loadInt() + 4)
    val text = memory.allocate(size.loadInt() + 1)
    check(argsGet(pointers.address(), text.address()) == 0)
    List(count.loadInt()) { textAt(Pointer((pointers + 4 * it).loadInt().toUInt())) }
}

/** One buffer and the vector that points at it. */
private class Buffer(memory: MemoryAllocator, size: Int) {
    val bytes = memory.allocate(size)
    val vector = memory.allocate(8)
    val moved = memory.allocate(4)

    fun pointAt(offset: Int, length: Int) {
        vector.storeInt((bytes + offset).address())
        (vector + 4).storeInt(length)
    }
}

private fun cat() = withScopedMemoryAllocator { memory ->
    val size = 4096
    val buffer = Buffer(memory, size)
    while (true) {
        buffer.pointAt(0, size)
        check(fdRead(0, buffer.vector.address(), 1, buffer.moved.address()) == 0)
        val read = buffer.moved.loadInt()
        if (read == 0) break
        var written = 0
        while (written < read) {
            buffer.pointAt(written, read - written)
            check(fdWrite(1, buffer.vector.address(), 1, buffer.moved.address()) == 0)
            written += buffer.moved.loadInt()
        }
    }
}

private class Tree(val left: Tree?, val right: Tree?) {
    fun size(): Int = 1 + (left?.size() ?: 0) + (right?.size() ?: 0)
}

private fun tree(depth: Int): Tree = if (depth == 0) Tree(null, null) else Tree(tree(depth - 1), tree(depth - 1))

/** Makes many trees and keeps none: the collector has to work. */
private fun garbage(rounds: Int) {
    var nodes = 0
    repeat(rounds) { nodes += tree(12).size() }
    println("$nodes nodes")
}

private class Refusal(val depth: Int) : Exception("refused at depth $depth")

private fun descend(depth: Int): Int = if (depth == 0) throw Refusal(0) else descend(depth - 1) + 1

private fun exceptions() {
    var cleaned = 0
    val caught = try {
        try {
            descend(100)
        } finally {
            cleaned++
        }
    } catch (refusal: Refusal) {
        refusal.depth - 1
    }
    println("caught $caught, cleaned $cleaned")
}

@WasmExport("_start")
fun start() {
    val words = arguments().drop(1)
    when (words.firstOrNull()) {
        "hello" -> println("Hello, ${words.getOrElse(1) { "world" }}, from Kotlin!")
        "cat" -> cat()
        "garbage" -> garbage(words.getOrElse(1) { "10" }.toInt())
        "exceptions" -> exceptions()
        else -> procExit(1)
    }
}
