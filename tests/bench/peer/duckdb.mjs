// duckdb.mjs COLUMNS THREADS: makes the national tree with so many columns (the same rows and cells
// as in ../nation.h), prints "ready", and then does what each line on its input asks for, with one
// number in answer: "roll-up" sums up the columns to all five levels above the villages, level by
// level, and "order" gives the villages their places by one column, both in milliseconds; "sum" is
// the sum over everything after a roll-up, so that the caller sees that both computed the same.
import { createInterface } from "node:readline";
import { DuckDBInstance } from "@duckdb/node-api";

const [columns, threads] = process.argv.slice(2).map(Number);
const LEVELS = [1, 31, 342, 2978, 41352, 620573];
const LEAF = LEVELS.length - 1;

const instance = await DuckDBInstance.create(":memory:", { threads: String(threads) });
const db = await instance.connect();

const cells = [...Array(columns).keys()];
const cell = (c) => `(((i * 2654435 + ${c} * 40503) % 1000003)::DOUBLE / 1000) AS c${c}`;
await db.run(
  `CREATE TABLE level${LEAF} AS SELECT i, i * ${LEVELS[LEAF - 1]} // ${LEVELS[LEAF]} AS parent, ` +
    `${cells.map(cell).join(", ")} FROM range(${LEVELS[LEAF]}) rows(i)`,
);
const sums = cells.map((c) => `sum(c${c}) AS c${c}`).join(", ");

const works = {
  "roll-up": async () => {
    for (let level = LEAF - 1; level >= 0; --level) {
      const above = level > 0 ? `parent * ${LEVELS[level - 1]} // ${LEVELS[level]}` : "0";
      await db.run(
        `CREATE OR REPLACE TEMP TABLE level${level} AS SELECT parent AS i, ` +
          `${above} AS parent, ${sums} FROM level${level + 1} GROUP BY parent`,
      );
    }
  },
  order: () =>
    db.run(
      `CREATE OR REPLACE TEMP TABLE places AS ` +
        `SELECT i, rank() OVER (ORDER BY c0 DESC) AS place FROM level${LEAF}`,
    ),
};

const sum = async () => {
  const total = await db.runAndReadAll(
    `SELECT ${cells.map((c) => `c${c}`).join(" + ")} FROM level0`,
  );
  return Number(total.getRows()[0][0]);
};

const milliseconds = async (work) => {
  const start = process.hrtime.bigint();
  await work();
  return Number(process.hrtime.bigint() - start) / 1e6;
};

console.log("ready");
for await (const line of createInterface({ input: process.stdin })) {
  console.log(line === "sum" ? await sum() : await milliseconds(works[line]));
}
