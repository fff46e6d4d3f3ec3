import Database from "better-sqlite3";

/** What the named parameters of statements are bound to: the plan does not depend on it. */
const ANY = { topic: 1, above: 0, below: 9, words: "a", re: 1, author: "a", kind: "note" };
const ANY_QUESTION = { state: "open", of: null, for: null, after: 0, limit: 1 };

/** How SQLite would carry out every statement that somebody prepares, line by line. */
export function queryPlans(file: string, prepareAll: (database: Database.Database) => unknown): string[] {
  const database = new Database(file, { readonly: true });
  const plans: string[] = [];
  const explaining = new Proxy(database, {
    get: (target, name) => {
      if (name !== "prepare") return Reflect.get(target, name, target);
      return (sql: string) => {
        const values = sql.includes("@") ? [{ ...ANY, ...ANY_QUESTION }] : (sql.match(/\?/g) ?? []);
        const rows = target.prepare(`EXPLAIN QUERY PLAN ${sql}`).all(...values);
        plans.push(...rows.map((row) => (row as { detail: string }).detail));
        return target.prepare(sql);
      };
    },
  });
  prepareAll(explaining);
  database.close();
  return plans;
}
