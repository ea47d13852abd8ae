import ArgumentParser

/// The command line: one relay, and the tools around it.
@main
struct TallyCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "tally",
        abstract: "A live video-room relay that shows nobody what a participant has not agreed to.",
        subcommands: [
            ServeCommand.self, TokenCommand.self, PublishCommand.self, WatchCommand.self, SmokeCommand.self,
<<<<<<< HEAD
            FlipCommand.self, ReceiptCommand.self, LedgerCommand.self, PartnerCommand.self,
            DestinationCommand.self,
=======
            FlipCommand.self, LoadCommand.self, ReceiptCommand.self, LedgerCommand.self, PartnerCommand.self,
>>>>>>> ae9d120 (tally load: publishers and viewers against any WHIP and WHEP server, and what they saw)
        ]
    )
}
