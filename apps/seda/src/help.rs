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
  seda lab run SCENARIO --simulate [--seed N] [--seeds N] [--out FILE]
               [-o table|json]
      runs a scenario, by its name or from a file, in virtual time
  seda lab run SCENARIO --target URL [--capacity N] [--cpu K]
               [--class-header H] [--hdr-log FILE] [OPTION]...
      runs its load on a server
  seda lab run SCENARIO [--seeds N] [--out FILE] [-o table|json]
      runs one that is about threads on those of this machine
  seda lab scenarios
      lists those that there are
  seda lab table [--policy NAME]... [--seconds N] [--seed N] [-o table|json]
      compares what policies do under load, in virtual time
  seda lab policies
      lists them
  seda lab report RECORD.json... [--out FILE.html] [--svg DIR] [--csv FILE]
                  [--variant NAME]...
      draws what was recorded as one page, as single plots, or as a table;
      page and plots of some variants only, where they are named
  seda lab compare A.json B.json [-o table|json] [--out FILE.html]
      says where two records differ by more than chance
  seda lab run --target URL (--rate N | --clients N) [OPTION]...
      generates load on a server, and says what became of it
  seda lab sweep --target URL [--from 0.1] [--to 10] [--points 12] [--seeds 5]
      measures how much a server can do, then loads it with parts of that

Options of `lab run` and `lab sweep`
  --slo 25ms            answers within this are good
  --timeout 1s          how long a client waits
  --seconds N           how long a run counts [10; of a sweep 5]
  --warm-up N           seconds before that do not count [1]
  --arrivals KIND       poisson, uniform, burst, ramp or trace:FILE [poisson]
  --connections N       open at once, at most [1024]
  --seed N              decides what is left to chance [1]
  --cpu K               runs on this core only
  --session N           `--rate` of clients, each of which asks N times
  --think 20ms          of clients, before they ask again
  --jitter 1ms          by which a thought is longer on average [0]
  --requests-per-connection N
                        of clients; 0 is no bound [5]
  --retries N           of requests that failed or were refused [0]
  --backoff 10ms        before a retry; doubled for each further one [0]
  --retry-budget PART   retries are at most this part of all requests
  --classes 0.1,0.3     parts of the requests by class, the most urgent first;
                        what is missing to 1 is one class more
  --class-header H      how a server is told: NAME, or 'NAME: VALUE' in which
                        {class} or {urgency} is a number [Priority: u={urgency}]
  --method M, --header 'NAME: VALUE', --body TEXT
                        what is sent [GET]
  --capacity N          of a sweep: requests per second, instead of measuring
  --out FILE            writes the record, for `-o json` and reports
  --hdr-log FILE        writes latencies second by second, as HdrHistogram does

Options of `job`, `graph` and `bottleneck`
  --server URL          the server to talk to [http://127.0.0.1:8080]
  -o, --output FORMAT   table or json [table]; of `graph`: [svg]

  seda help             prints this
  seda --version        prints the version

Exit codes
  0 done   1 failed   2 usage   3 server unreachable   4 not found
";
