// Traces by their session.

/** `[{ id, user, turns, errors, tokens, cost, first, last, seconds, asked, services }]`, the one with the latest turn first. */
export function sessionsOf(rows) {
  const sessions = new Map();
  for (const row of rows) {
    if (row.session === null) continue;
    if (!sessions.has(row.session)) sessions.set(row.session, started(row));
    add(sessions.get(row.session), row);
  }
  return [...sessions.values()].sort((one, other) => other.last - one.last);
}

function started(row) {
  return { id: row.session, user: null, turns: 0, errors: 0, tokens: null, cost: null, first: Infinity, last: -Infinity, seconds: 0, asked: "", services: [] };
}

function add(session, row) {
  session.turns++;
  session.errors += row.state === "ERROR" ? 1 : 0;
  const tokens = row.inputTokens === null && row.outputTokens === null ? null : (row.inputTokens ?? 0) + (row.outputTokens ?? 0);
  session.tokens = sum(session.tokens, tokens);
  session.cost = sum(session.cost, row.cost);
  session.seconds += row.seconds ?? 0;
  session.user ??= row.user;
  if (row.service && !session.services.includes(row.service)) session.services.push(row.service);
  if (row.started < session.first) [session.first, session.asked] = [row.started, row.asked];
  session.last = Math.max(session.last, row.started + (row.seconds ?? 0) * 1000);
}

function sum(one, other) {
  return other === null ? one : (one ?? 0) + other;
}
