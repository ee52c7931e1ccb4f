// An independent client: @grpc/grpc-js with the published protos calls one method of every service
// and prints one line of JSON per call. Shares no code with the server.
//   node client.mjs HOST:PORT TOKEN PROTO_DIR...
import grpc from "@grpc/grpc-js";
import loader from "@grpc/proto-loader";

const [address, token, ...includeDirs] = process.argv.slice(2);
const definition = loader.loadSync(
  [
    "terrace/registry/v1/registry.proto",
    "terrace/measures/v1/measure_tracker.proto",
    "terrace/inspections/v1/inspections.proto",
    "terrace/scoring/v1/scoreboard.proto",
    "terrace/gateway/v1/access.proto",
    "google/longrunning/operations.proto",
  ],
  { includeDirs, keepCase: true, longs: String, enums: String },
);
const root = grpc.loadPackageDefinition(definition);
const metadata = new grpc.Metadata();
metadata.set("authorization", `Bearer ${token}`);

const calls = [
  [root.terrace.registry.v1.UnitRegistry, "GetUnit", { name: "units/county" }],
  [root.terrace.measures.v1.MeasureTracker, "ListMeasureLists", { parent: "units/county" }],
  [root.terrace.inspections.v1.InspectionScheduler, "ListPlans", { parent: "units/county" }],
  [root.terrace.scoring.v1.Scoreboard, "ListSchemes", { parent: "units/county" }],
  [root.terrace.gateway.v1.Access, "WhoAmI", {}],
  [
    root.google.longrunning.Operations,
    "ListOperations",
    { name: "units/county/operations/measures" },
  ],
];

let failed = false;
for (const [Service, method, request] of calls) {
  const client = new Service(address, grpc.credentials.createInsecure());
  await new Promise((done) => {
    client[method](request, metadata, { deadline: Date.now() + 10000 }, (error, reply) => {
      failed ||= error !== null;
      const code = error?.code ?? 0;
      console.log(JSON.stringify({ method, code, details: error?.details, reply }));
      done();
    });
  });
  client.close();
}
process.exit(failed ? 1 : 0);
