import { everyPage } from '../../support/agent.client.js';
import { limitsIn } from '../../support/authority.reader.js';
import { hasMoney } from '../../support/books.judge.js';
import { eventually } from '../../support/eventually.js';
import { sumsByCurrency } from '../../support/ledger.judge.js';
import { ownerOf, PROCESSORS, type Charge } from '../../support/sandbox.control.js';
import { LIFETIME, type FaultStage } from './fault.stage.js';

/** Every payment that was asked for, and how much was captured as its agent was told; null while it was told nothing final. */
export type Asked = ReadonlyMap<string, number | null>;

const STUCK_AFTER_MS = 60_000;
const SETTLES_WITHIN_MS = 120_000;

/** What must hold at any moment, under load and faults: a pass over everything, in linear time. */
export async function faultsNow(stage: FaultStage, asked: Asked): Promise<string[]> {
  const { operator } = stage;
  const told = new Map(asked);
  const charges = await stage.sandbox.charges();
  const accounts = await everyPage(operator.ledgerAccounts, { limit: 100 });
  const before = new Date(Date.now() - STUCK_AFTER_MS).toISOString();
  const stuck = await everyPage(operator.payments, {
    status: 'processing',
    created_before: before,
    limit: 100,
  });
  const { data: parked } = (await operator.parked()).body;
  return [
    ...booksDisagree(charges, told),
    ...Object.entries(sumsByCurrency(accounts, ({ balance }) => balance))
      .filter(([, sum]) => sum !== 0)
      .map(([currency, sum]) => `the ledger sums to ${sum} ${currency}`),
    ...stuck.map(({ id }) => `${id} is processing for more than a minute`),
    ...parked.map((each) => `parked: ${JSON.stringify(each)}`),
  ];
}

/** What must hold once nobody asks for anything and all is at rest: also the totals of books, ledger and mandate. */
export async function faultsAtRest(stage: FaultStage, asked: Asked): Promise<string[]> {
  const { operator, sandbox, agent } = stage;
  await eventually(
    async () => (await operator.payments({ status: 'processing', limit: 1 })).body.data.length,
    (running) => running === 0,
    { withinMs: SETTLES_WITHIN_MS, everyMs: 500, what: 'nothing that is still processing' },
  );
  const charges = await sandbox.charges();
  const captured = total(charges, ({ amount_captured }) => amount_captured);
  const held = total(charges, ({ state, amount }) => (state === 'authorized' ? amount : 0));
  const kept = (own: readonly Charge[]) =>
    total(own, ({ amount_captured, amount_refunded }) => amount_captured - amount_refunded);
  const expected = new Map([
    [`agent:${agent.id}:held`, held],
    [`agent:${agent.id}:spent`, captured],
    ...PROCESSORS.map((name): [string, number] => [
      `processor:${name}:clearing`,
      0 - kept(charges.filter(({ processor }) => processor === name)),
    ]),
  ]);
  const wrong = async () => {
    const accounts = await everyPage(operator.ledgerAccounts, { limit: 100 });
    const balances = new Map(accounts.map(({ account, balance }) => [account, balance]));
    return [...expected]
      .filter(([account, balance]) => (balances.get(account) ?? 0) !== balance)
      .map(([account, balance]) => `${account} is ${balances.get(account)} and not ${balance}`);
  };
  await eventually(wrong, (found) => found.length === 0, {
    what: 'a ledger that equals the books',
  });
  const buyer = stage.agentClient();
  await eventually(
    async () => limitsIn((await buyer.authority()).body).find(({ limit }) => limit === LIFETIME),
    (limit) => limit?.held === held && limit.used === captured,
    { what: `a mandate with ${captured} used and ${held} held` },
  );
  return faultsNow(stage, asked);
}

function booksDisagree(charges: readonly Charge[], told: Asked): string[] {
  const found: string[] = [];
  const captured = new Map<string, number>();
  const paying = new Set<string>();
  for (const charge of charges) {
    const owner = ownerOf(charge) ?? '';
    if (!told.has(owner)) found.push(`a charge belongs to nobody: ${JSON.stringify(charge)}`);
    if (charge.amount_captured === 0 && !hasMoney(charge)) continue;
    if (paying.has(owner)) found.push(`${owner} was charged twice: ${JSON.stringify(charge)}`);
    paying.add(owner);
    captured.set(owner, charge.amount_captured);
  }
  for (const [id, amount] of told) {
    if (amount !== null && (captured.get(id) ?? 0) !== amount)
      found.push(`${id} was told of ${amount} and the books say ${captured.get(id) ?? 0}`);
  }
  return found;
}

function total(charges: readonly Charge[], amountOf: (charge: Charge) => number): number {
  return charges.reduce((sum, charge) => sum + amountOf(charge), 0);
}
