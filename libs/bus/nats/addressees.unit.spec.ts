import { expect, it } from 'vitest';
import { Addressees } from './addressees.js';

function among(...names: string[]) {
  let alive = names;
  const listeners = new Set<() => void>();
  const members = {
    alive: () => alive,
    onChange: (changed: () => void) => {
      listeners.add(changed);
      return () => listeners.delete(changed);
    },
  };
  const addressees = new Addressees((subject) => (subject === 'books.find' ? members : undefined), {
    keyOf: (_, payload) => payload as string | null,
    ownerOf: (key, of) => of.find((name) => name === key) ?? of[0],
  });
  const become = (...next: string[]) => {
    alive = next;
    for (const changed of listeners) changed();
  };
  return { addressees, become };
}

it('requests that belong together go to one process, all others to each in turn', () => {
  const { addressees } = among('a', 'b');
  const chosen = (payload: string | null) => addressees.choose('books.find', payload);
  expect([chosen('b'), chosen('b'), chosen('a')]).toEqual(['b', 'b', 'a']);
  expect(new Set([chosen(null), chosen(null)])).toEqual(new Set(['a', 'b']));
});

it('nobody is chosen where nobody is known', () => {
  expect(among().addressees.choose('books.find', null)).toBeNull();
  expect(among('a').addressees.choose('films.find', 'a')).toBeNull();
});

it('who waits for a process is told when it is gone, and not about others', () => {
  const { addressees, become } = among('a', 'b');
  const gone: string[] = [];
  addressees.watch('books.find', 'a', () => gone.push('a'));
  addressees.watch('books.find', 'b', () => gone.push('b'))();
  become('a');
  expect(gone).toEqual([]);
  become();
  expect(gone).toEqual(['a']);
});
