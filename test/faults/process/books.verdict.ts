import { everyPage, type ApiClient } from '../../support/agent.client.js';
import { limitsIn } from '../../support/authority.reader.js';
import { disagreements } from '../../support/books.judge.js';
import type { LedgerEntry, PaymentIntent } from '../../support/contract.types.js';
import { eventually } from '../../support/eventually.js';
import { misposted, sumsByCurrency } from '../../support/ledger.judge.js';
import { inParallel } from '../../support/load.js';
import { paymentIdOf } from '../../support/purchase.fixture.js';
import { paymentIn } from '../../support/sandbox.control.js';
import { buy, toCaptureOf, type Purchase } from './buyer.js';
import type { Scene } from './fault.stage.js';

const WIDTH = 16;
const CONCLUDES_WITHIN_MS = 60_000;
const RESTING = ['requires_capture', 'succeeded', 'failed', 'canceled'];

/**
 * Names everything that is wrong with the purchases, on a server that runs and processors that work: lost, stuck, charged twice,
 * answered in two ways, or not what books, ledger, mandate and merchant say. Asks for each of them again on the way; before that
 * every payment has to come to rest by itself. Empty when all is well; @throws when something does not come to rest.
 */
export async function faultsFound(
  stage: Scene,
  purchases: readonly Purchase[],
  { withinMs = CONCLUDES_WITHIN_MS } = {},
): Promise<string[]> {
  const buyer = stage.agentClient();
  const lost = await comeToRest(stage, purchases, withinMs);
  // Twice: the first time some are begun only now, and the second time all is answered as it was.
  for (let time = 0; time < 2; time++) {
    await inParallel(purchases, WIDTH, (bought) => finish(bought, () => buy(buyer, bought)));
    await comeToRest(stage, purchases, withinMs);
  }
  const payments = await inParallel(purchases, WIDTH, async (bought) => {
    return (await stage.operator.payment(idOf(stage, bought))).body;
  });
  return [
    ...lost,
    ...purchases.flatMap(({ toldOtherwise }) => toldOtherwise),
    ...(await booksDisagree(stage, purchases, payments)),
    ...(await ledgerDisagrees(stage, payments)),
    ...(await mandateDisagrees(stage, payments)),
    ...(await merchantDisagrees(stage, payments)),
    ...(await whatIsParked(stage)),
  ];
}

/** The key of a purchase makes its payment's id. */
export function idOf({ bursar, agent }: Scene, { key }: Purchase): string {
  return paymentIdOf(bursar.credentials(), agent.id, key);
}

/** Waits, without asking for anything, until nothing more happens; gives what was acknowledged and is not there. */
async function comeToRest(
  stage: Scene,
  purchases: readonly Purchase[],
  withinMs: number,
): Promise<string[]> {
  const looks = await inParallel(purchases, WIDTH, async (bought) => {
    const id = idOf(stage, bought);
    const seen = await eventually(
      () => stage.operator.payment(id),
      ({ status, body }) => status === 404 || (status === 200 && isAtRest(body)),
      { withinMs, what: `the end of ${id}` },
    );
    return seen.status === 404 && bought.acknowledged ? [`${id} was acknowledged and is lost`] : [];
  });
  return looks.flat();
}

function isAtRest({ status, money_state, refunds }: PaymentIntent): boolean {
  return (
    RESTING.includes(status) &&
    money_state !== 'unknown' &&
    refunds.every((refund) => ['succeeded', 'failed'].includes(refund.status))
  );
}

function finish(bought: Purchase, ask: () => Promise<unknown>): Promise<unknown> {
  bought.done = false;
  return eventually(ask, () => bought.done, {
    withinMs: CONCLUDES_WITHIN_MS,
    what: `an answer about ${bought.key}`,
  });
}

async function booksDisagree(
  { sandbox }: Scene,
  purchases: readonly Purchase[],
  payments: readonly PaymentIntent[],
): Promise<string[]> {
  const charges = await sandbox.charges();
  const toCapture = new Map(
    payments.map(({ id }, index) => [id, toCaptureOf(purchases[index] as Purchase)]),
  );
  const references = charges.map(({ merchant_reference }) => merchant_reference);
  const twice = references.filter((reference, place) => references.indexOf(reference) !== place);
  return [
    ...disagreements(charges, payments, ({ id, amount }) => toCapture.get(id) ?? amount),
    ...twice.map((reference) => `${reference} has more than one charge`),
  ];
}

/** Read models follow the log, and there may be several: what is wrong for a moment only is not wrong. */
async function ledgerDisagrees(
  { operator }: Scene,
  payments: readonly PaymentIntent[],
): Promise<string[]> {
  let found: string[] = [];
  const look = async () => (found = await ledgerFaults(operator, payments));
  const settled = eventually(look, ({ length }) => length === 0, {
    withinMs: CONCLUDES_WITHIN_MS,
    everyMs: 500,
  });
  await settled.catch((error: unknown) => {
    if (found.length === 0) throw error;
  });
  return found;
}

async function ledgerFaults(
  operator: ApiClient,
  payments: readonly PaymentIntent[],
): Promise<string[]> {
  const entries = await everyPage(operator.ledgerEntries, { limit: 100 });
  const accounts = await everyPage(operator.ledgerAccounts, { limit: 100 });
  const balances = new Map<string, number>();
  for (const entry of entries)
    balances.set(nameOf(entry), (balances.get(nameOf(entry)) ?? 0) + entry.amount);
  return [
    ...Object.entries(sumsByCurrency(accounts, ({ balance }) => balance))
      .filter(([, sum]) => sum !== 0)
      .map(([currency, sum]) => `the ledger sums to ${sum} ${currency}`),
    ...accounts
      .filter((each) => each.balance !== (balances.get(nameOf(each)) ?? 0))
      .map((each) => `${nameOf(each)} is not what its entries sum to`),
    ...misposted(entries, payments),
  ];
}

function nameOf({ account, currency }: Pick<LedgerEntry, 'account' | 'currency'>): string {
  return `${account} in ${currency}`;
}

async function mandateDisagrees(
  stage: Scene,
  payments: readonly PaymentIntent[],
): Promise<string[]> {
  const used = payments.reduce((sum, { amount_captured }) => sum + amount_captured, 0);
  const buyer = stage.agentClient();
  const look = async () =>
    limitsIn((await buyer.authority()).body).find(({ limit }) => limit === stage.lifetime);
  await eventually(look, (limit) => limit?.held === 0 && limit.used === used, {
    withinMs: CONCLUDES_WITHIN_MS,
    what: `a mandate that has ${used} used and nothing held`,
  });
  return [];
}

async function merchantDisagrees(
  { sandbox }: Scene,
  payments: readonly PaymentIntent[],
): Promise<string[]> {
  const captured = new Set(payments.flatMap((each) => (each.amount_captured > 0 ? each.id : [])));
  const wanted = payments.filter(({ id, reservation }) => reservation && captured.has(id));
  const wrong = async () => {
    const books = await sandbox.reservations();
    const owners = books.map(({ key }) => paymentIn(key));
    return [
      ...wanted.filter(({ id }) => !owners.includes(id)).map(({ id }) => `${id} has nothing`),
      ...owners.filter((id, place) => owners.indexOf(id) !== place).map((id) => `${id} has two`),
      ...books
        .filter(({ status }, place) => {
          return status !== (captured.has(owners[place] ?? '') ? 'confirmed' : 'released');
        })
        .map(({ key, status }) => `${key} is ${status}`),
    ];
  };
  return eventually(wrong, (found) => found.length === 0, {
    withinMs: CONCLUDES_WITHIN_MS,
    everyMs: 200,
    what: 'settled reservations',
  });
}

async function whatIsParked({ operator }: Scene): Promise<string[]> {
  const { data } = (await operator.parked()).body;
  return data.map((each) => `parked: ${JSON.stringify(each)}`);
}
