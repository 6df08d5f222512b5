#!/usr/bin/env node
import 'reflect-metadata';
import { runCommandLine } from './command-line/command-line.js';
import { processTerminal } from './command-line/terminal.js';

const status = await runCommandLine(process.argv.slice(2), process.env, processTerminal());
// A server that has started goes on until it is told to end.
if (status !== 0) process.exit(status);
