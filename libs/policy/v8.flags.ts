import { setFlagsFromString } from 'node:v8';

/**
 * V8 of Node 20 aborts the process ("Fatal error: unreachable code" in its deoptimizer) after some thousand calls into
 * Cedar when it has inlined them. Calling instead of inlining costs nothing that can be measured here. Imported before Cedar.
 */
setFlagsFromString('--no-turbo-inline-js-wasm-calls');
