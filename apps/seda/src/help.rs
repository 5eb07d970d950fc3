//! What `seda help` prints.

/// Every command with its options.
pub const TEXT: &str = "\
seda - a server for jobs that stays responsive when more arrives than it can do

Server
  seda [serve] [--config FILE] [--listen ADDRESS]
      starts the server; SIGINT and SIGTERM finish what is accepted, then stop

Jobs
  seda job submit [--name NAME] -- COMMAND [ARGUMENT...]
  seda job list
  seda job status ID
  seda job logs ID
  seda job cancel ID

Pictures
  seda graph [-o svg|dot|mermaid|json]
      draws the stages of the running server with their live figures
  seda bottleneck [-o table|json]
      says which stage limits it just now, and by what that is known

Laboratory
  seda lab run SCENARIO --simulate [--seed N] [--seeds N] [--out FILE.json]
               [-o table|json]
      runs a scenario, by its name or from a file, in virtual time
  seda lab scenarios
      lists those that there are
  seda lab table [--policy NAME]... [--seconds N] [--seed N] [-o table|json]
      compares what policies do under load, in virtual time
  seda lab policies
      lists them

Options of `job`, `graph` and `bottleneck`
  --server URL          the server to talk to [http://127.0.0.1:8080]
  -o, --output FORMAT   table or json [table]; of `graph`: [svg]

  seda help             prints this
  seda --version        prints the version

Exit codes
  0 done   1 failed   2 usage   3 server unreachable   4 not found
";
