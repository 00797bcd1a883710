// What ethers v6 makes of a struct that comes from an event and goes into a call:
//
//     node frozen_events.mjs URL MARKET
//
// Prints three lines: the error of the struct as it comes, the task id of its copy, and that of the event.
import { readFileSync } from "node:fs";
import { Contract, JsonRpcProvider } from "ethers";

const [url, address] = process.argv.slice(2);
const abi = JSON.parse(readFileSync(new URL("../../../interfaces/IModelMarket.json", import.meta.url)));
const provider = new JsonRpcProvider(url);
const market = new Contract(address, abi, provider);
const [created] = await market.queryFilter("TaskCreated");
const { task, task_id } = created.args;

await market.task_id(task).then(
  () => console.log("no error"),
  (error) => console.log(`${error.name}: ${error.message}`),
);
console.log(await market.task_id(task.toArray(true)));
console.log(task_id);
provider.destroy();
