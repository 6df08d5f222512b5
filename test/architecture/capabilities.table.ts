import { DEFAULT_GUARD_OPTIONS, type Processor } from '#processors';
import { tableOf } from '../simulation/planted-bugs.table.js';

export const CAPABILITIES_PAGE = 'docs/adding-a-processor.md';

const BEGIN =
  '<!-- capabilities: recorded by RECORD=1 npx vitest run --project unit test/architecture/capabilities -->';
const END = '<!-- capabilities: end -->';

type Described = Pick<Processor, 'name' | 'capabilities'>;

/** What each processor can do, a column for each. */
export function capabilitiesTable(processors: readonly Described[]): string {
  const described = processors.map(({ capabilities }) => rowsOf(capabilities));
  const titles = Object.keys(described[0] ?? {});
  const rows = titles.map((title) => [title, ...described.map((each) => each[title] ?? '')]);
  return tableOf(['capability', ...processors.map(({ name }) => `\`${name}\``)], rows);
}

/** The page with this table instead of the one between its markers. */
export function withCapabilities(page: string, table: string): string {
  const [before, rest] = page.split(BEGIN);
  const after = rest?.split(END)[1];
  if (after === undefined) throw new Error(`${CAPABILITIES_PAGE} has no markers`);
  return `${before}${BEGIN}\n\n${table}\n\n${END}${after}`;
}

function rowsOf(capabilities: Processor['capabilities']): Record<string, string> {
  const { authorization, idempotencyKey, currencies, minorUnits, decidesLater } = capabilities;
  const limits = { ...DEFAULT_GUARD_OPTIONS, ...capabilities.timeLimits };
  return {
    authorization: authorization === 'two_step' ? 'two steps' : 'one step',
    fence: yesOrNo(capabilities.fence),
    'look-up': yesOrNo(capabilities.lookUp),
    'decides later': decidesLater.join(', ') || 'nothing',
    'idempotency key, at most': `${idempotencyKey.lengthMax} characters`,
    'a key is sent again for': lasting(idempotencyKey.safeForMs),
    currencies: currencies === 'all' ? 'all' : String(currencies.length),
    'digits other than in ISO 4217':
      Object.entries(minorUnits)
        .toSorted(([one], [other]) => (one < other ? -1 : 1))
        .map(([currency, digits]) => `${currency} ${digits}`)
        .join(', ') || 'none',
    methods: capabilities.methods.join(', '),
    'largest amount, in its minor units': capabilities.amountMax?.toLocaleString('en') ?? 'any',
    'a hold lasts': lasting(capabilities.authorizationValidForMs),
    'a money call is waited for': lasting(limits.softDeadlineMs),
    'its connection stays open': lasting(limits.hardDeadlineMs),
    'what moves no money is waited for': lasting(limits.harmlessDeadlineMs),
  };
}

const yesOrNo = (can: boolean) => (can ? 'yes' : 'no');

const UNITS = [
  ['days', 86_400_000],
  ['h', 3_600_000],
  ['s', 1_000],
  ['ms', 1],
] as const;

function lasting(ms: number): string {
  const [name, unit] = UNITS.find(([, each]) => ms >= each && ms % each === 0) ?? ['ms', 1];
  return `${ms / unit} ${name}`;
}
