/** The part of WebAssembly's interface that is used here: Node has it, its types do not. */
declare global {
  namespace WebAssembly {
    class Module {
      constructor(bytes: Uint8Array)
    }
    class Memory {
      readonly buffer: ArrayBuffer
    }
    class Global {
      readonly value: number
    }
    class Instance {
      readonly exports: Readonly<Record<string, unknown>>
      constructor(module: Module, imports: Readonly<Record<string, Readonly<Record<string, unknown>>>>)
    }
  }
}

export {}
