import { describe, expect, it } from 'vitest';
import type { GuardedProcessor } from './guarded-processor.js';
import { ProcessorRegistry } from './processor-registry.js';

const named = (name: string, stop = () => {}) => ({ name, stop }) as GuardedProcessor;

describe('the processor registry', () => {
  it('keeps the order of preference and finds by name', () => {
    const registry = new ProcessorRegistry([named('b'), named('a')]);
    expect(registry.all().map(({ name }) => name)).toEqual(['b', 'a']);
    expect(registry.find('a')?.name).toBe('a');
    expect(registry.find('c')).toBeUndefined();
  });

  it('refuses two processors with one name', () => {
    expect(() => new ProcessorRegistry([named('a'), named('a')])).toThrow('same name');
  });

  it('stops every processor', () => {
    const stopped: string[] = [];
    const make = (name: string) => named(name, () => stopped.push(name));
    new ProcessorRegistry([make('a'), make('b')]).stop();
    expect(stopped).toEqual(['a', 'b']);
  });
});
