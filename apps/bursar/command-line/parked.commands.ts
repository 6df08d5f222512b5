import type { Page } from '#contracts';
import { withApi } from './api.client.js';
import { API_OPTIONS, type Command } from './command.js';
import { table } from './table.js';

interface Parked {
  id: string;
  kind: string;
  reason: string;
  detail: string;
  parked_at: string;
}

const list: Command = {
  name: 'parked list',
  summary: 'what waits for a human, the newest first',
  positionals: [],
  options: {
    limit: { type: 'string', value: 'n', summary: 'how many, up to 100 (default: 20)' },
    cursor: { type: 'string', value: 'text', summary: 'where the page before ended' },
    ...API_OPTIONS,
  },
  example: 'bursar parked list',
  run: (asked) =>
    withApi(asked, 'auditor', async (api) => {
      const { limit, cursor } = asked.options;
      const { body, text } = await api.get<Page>('/v1/parked', { limit, cursor });
      if (asked.json) return asked.terminal.out(text);
      const rows = (body.data as unknown as Parked[]).map(
        ({ parked_at, id, kind, reason, detail }) => [parked_at, id, kind, reason, detail],
      );
      const lines = table(['PARKED AT', 'ID', 'KIND', 'REASON', 'DETAIL'], rows);
      const more = body.next_cursor === null ? [] : [`More: --cursor ${body.next_cursor}`];
      for (const line of rows.length > 0 ? [...lines, ...more] : ['Nothing waits for a human.'])
        asked.terminal.out(line);
    }),
};

const retry: Command = {
  name: 'parked retry',
  summary: 'looks again at a parked payment, or tries a parked event again',
  positionals: ['id'],
  options: API_OPTIONS,
  example: 'bursar parked retry pi_4xv2…',
  run: (asked) =>
    withApi(asked, 'operator', async (api) => {
      const [id = ''] = asked.positionals;
      const { text } = await api.post(`/v1/parked/${encodeURIComponent(id)}/retry`, {});
      asked.terminal.out(asked.json ? text : `${id} is tried again.`);
    }),
};

export const PARKED: readonly Command[] = [list, retry];
