// Starts a bus in a process of its own, tells its address, and waits to be killed.
const { spawnLocalBus } = await import(process.argv[2]);
const bus = await spawnLocalBus();
process.send({ url: bus.url });
